# SPDX-License-Identifier: BSD-3-Clause
# The suite, in parts.

# The engine.
set(conform_sources conform/engine.c)
