# SPDX-License-Identifier: BSD-3-Clause
# vmmio-conform, the tool: the command line, and the target that is libvmmio itself.
set(tools_sources tools/main.c)
