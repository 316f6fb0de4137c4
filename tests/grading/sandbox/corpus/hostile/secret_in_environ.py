# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os
print('leaked' if any('OT_GRID_CORPUS' in name for name in os.environ) else 'safe')
