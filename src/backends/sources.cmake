# SPDX-License-Identifier: BSD-3-Clause
set(backends_sources backends/null.c)
