# SPDX-License-Identifier: BSD-3-Clause
set(discovery_sources discovery/window.c discovery/cmdline.c discovery/aml.c discovery/ssdt.c)
