"""What came of it: the ranked table in all its forms, and what reads the same evaluations.

Nothing is imported here: `plan`, `status` and jobs load no pandas.
"""
