# SPDX-License-Identifier: BSD-3-Clause
set(queue_sources queue/ring.c queue/walk.c queue/split.c queue/packed.c queue/reach.c queue/fault.c)
