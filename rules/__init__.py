"""The rules: one pair a rule, `<name>.py` (one pure function) and `<name>.md` (its page)."""
