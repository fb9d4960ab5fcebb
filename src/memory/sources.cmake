# SPDX-License-Identifier: BSD-3-Clause
set(memory_core_sources memory/table.c)
set(memory_hosted_sources memory/memory.c)
