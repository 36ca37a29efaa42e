"""
The program of every stack: config and plan say what is declared.

`prod`, `dr` and `cold` hold one site each, `traffic` the switch between them, so that nothing which one disaster takes
away is needed to update the rest. Who is active is config (`dr:activeSite`, `dr:epoch`, `dr:stores`).
"""

import pulumi

from components.settings import read_settings
from components.stack import declare

for name, value in declare(pulumi.get_stack(), read_settings()).items():
    pulumi.export(name, value)
