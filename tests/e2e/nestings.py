"""The EICAR test file in every kind of archive, document, mail and encoding, each of them outermost, in the middle and innermost of
three, beside others of every sort.

Many hold what is in them as it is, so a hit alone says little: the file itself must come out, whole, at the end of the chain."""
import sys

import archivemaker
import diskmaker
import docmaker
import packmaker
import textmaker
from archives import EICAR, judge

PARTNERS = 3
ROOMS = archivemaker.MAKERS + packmaker.MAKERS + diskmaker.MAKERS + docmaker.MAKERS + textmaker.MAKERS


def name(maker):
    """Those of the library are all called compress."""
    is_ours = maker.__module__.endswith('maker')
    return maker.__name__ if is_ours else f'{maker.__module__}_{maker.__name__}'


def there(makers):
    return [m for m in makers if getattr(m, 'is_there', True)]


def cases():
    """Each maker stands at each of the three places PARTNERS times; strides that share no factor mix the sorts."""
    rooms, texts = there(ROOMS), there(textmaker.TEXT_MAKERS)
    n = len(rooms)
    for i, maker in enumerate(rooms):
        for k in range(1, PARTNERS + 1):
            yield maker, rooms[(i + 37 * k) % n], rooms[(i + 61 * k + 7) % n]
    for i, text in enumerate(texts):
        for k in range(PARTNERS):
            yield rooms[(i * 11 + k * 29) % n], rooms[(i * 17 + k * 41 + 3) % n], text


def main():
    missing = sorted({m.tool for m in ROOMS + textmaker.TEXT_MAKERS if not getattr(m, 'is_there', True)})
    paths = []
    for outer, middle, inner in cases():
        path = '-'.join(map(name, (outer, middle, inner)))
        if path not in paths:
            with open(path, 'wb') as f:
                f.write(outer(middle(inner(EICAR))))
            paths.append(path)
    return judge(paths, missing)


if __name__ == '__main__':
    sys.exit(main())
