"""``python -m bot`` is ``tidekeeper``."""

import sys

from bot.cli import main

sys.exit(main())
