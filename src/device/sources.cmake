# SPDX-License-Identifier: BSD-3-Clause
set(device_sources device/access.c device/lifecycle.c device/steps.c device/answer.c device/waiter.c
  device/pause.c device/host.c device/queue.c device/complete.c device/memory.c device/irq.c
  device/frame.c device/deadline.c device/config.c device/create.c device/observe.c
  device/report.c device/sync.c)
