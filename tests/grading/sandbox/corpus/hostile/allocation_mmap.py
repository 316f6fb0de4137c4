# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "exit code|memory"}
import mmap
print(mmap.mmap(-1, 4 * 2**30))
