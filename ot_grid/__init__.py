"""An experiment grid runner for reasoning-data recipes: from source questions to a ranked table.

From Python: `from ot_grid import api`, then `api.plan`, `api.run`, `api.report`.
"""
