"""The statistics of the ranked table.

One idea: pure functions over arrays of shares, rows x questions, without a loop over rows or draws. It must know
nothing of files, cells, percent or pandas.
"""
