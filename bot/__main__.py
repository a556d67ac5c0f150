"""``python -m bot`` is ``tidekeeper``."""

import sys

from bot.cli import main

if __name__ == "__main__":  # a process that is started from this one reads this file again
    sys.exit(main())
