"""The commands of ``tidekeeper``, one module each; imported only when they are called."""
