"""Makes and measures the builtin engine. Needs the extra ``train``; nothing else imports it."""
