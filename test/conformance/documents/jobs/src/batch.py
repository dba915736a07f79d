def init():
    print("init")


def run(mini_batch):
    return [path.rsplit("/", 1)[-1] for path in mini_batch]
