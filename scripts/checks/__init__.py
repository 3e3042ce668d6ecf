"""The house rules, one a file; scripts/check.py runs them."""
