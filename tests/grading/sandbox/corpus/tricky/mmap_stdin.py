# {"kind": "stdin", "tests": [{"input": "1 2\n3 4\n", "output": "10\n"}], "verdict": "right"}
import mmap
print(sum(map(int, mmap.mmap(0, 0, access=mmap.ACCESS_READ).read().split())))
