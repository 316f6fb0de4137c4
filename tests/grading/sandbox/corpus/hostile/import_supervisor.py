# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrong output|exit code"}
import sys
from ot_grid.sandbox.inside import wire
wire.write(1, b'done')
