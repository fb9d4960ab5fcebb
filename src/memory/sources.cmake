# SPDX-License-Identifier: BSD-3-Clause
set(memory_core_sources memory/table.c memory/access.c)
set(memory_hosted_sources memory/memory.c memory/remove.c memory/change.c memory/dirty.c)
