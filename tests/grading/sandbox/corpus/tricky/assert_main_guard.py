# {"kind": "assert", "tests": ["assert f(1) == 2"], "verdict": "right"}
import sys
def f(n):
    return n + 1
if __name__ == '__main__':
    sys.exit(f(1))
