"""Settings of the whole suite."""

import signal

from hypothesis import settings

# An example that takes long on a busy machine is no mistake: no test here is timed.
settings.register_profile("dr", deadline=None, database=None)
settings.load_profile("ci" if settings.get_current_profile_name() == "ci" else "dr")

# A suite started in the background inherits an ignored Ctrl-C; the tests of interruption need one that works.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
