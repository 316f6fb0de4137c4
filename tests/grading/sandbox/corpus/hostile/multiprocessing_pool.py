# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "processes|memory|took more|exit code|SIGKILL|wrote nothing", "seconds": 1}
import multiprocessing
if __name__ == '__main__':
    multiprocessing.Pool(500).map(sorted, [[1]] * 500)
