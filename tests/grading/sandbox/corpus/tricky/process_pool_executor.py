# {"kind": "stdin", "tests": [{"input": "1 2\n3 4\n", "output": "10\n"}], "verdict": "right"}
from concurrent.futures import ProcessPoolExecutor
def square(n):
    return n * n
if __name__ == '__main__':
    with ProcessPoolExecutor(2) as pool:
        print(sum(pool.map(square, [1, 3])))
