"""The third way to run an entry: small ones on the host, by NumPy, without compiling anything.

A launch of XLA costs some 20 us and a new shape 40-90 ms of compiling, whatever is computed;
NumPy needs about one microsecond for each step on a small array. So an entry whose program is
short and whose arrays are small is translated, from the very program that XLA would compile,
into a Python function over NumPy arrays.
"""

from compat.engine.host.plain import plain as plain
from compat.engine.host.translate import Unsupported as Unsupported
from compat.engine.host.translate import joined as joined
from compat.engine.host.translate import translated as translated
