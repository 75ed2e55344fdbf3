"""Names of the reports in a clone folder. Importing and training remove them, and stand below what writes them."""

EVALUATION, PORTRAIT = "evaluation.json", "portrait.html"
AUDIT, AUDIT_PAGE = "audit.json", "audit.html"
AUDIT_STRINGS = "audit-strings.txt"  # those that the voice names, one a line, as `--mask` reads them
VOICE_REPORTS = (EVALUATION, PORTRAIT, AUDIT, AUDIT_PAGE, AUDIT_STRINGS)
ARENA_PAIRS, ARENA_VOTES = "arena.json", "arena-votes.jsonl"
