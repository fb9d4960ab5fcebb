# SPDX-License-Identifier: BSD-3-Clause
set(io_sources io/group.c io/hub.c io/io.c io/loop.c io/manual.c io/plain.c io/poll.c io/submit.c
  io/thread.c io/timer.c io/transfer.c io/uring.c io/uring_poll.c io/uring_ring.c io/uring_slot.c
  io/uring_thread.c)
