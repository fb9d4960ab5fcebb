# SPDX-License-Identifier: BSD-3-Clause
set(driver_sources driver/driver.c driver/init.c driver/config.c driver/memory.c driver/queue.c
  driver/chain.c driver/ring_split.c driver/ring_packed.c driver/blk.c driver/blk_init.c
  driver/blk_sync.c)
