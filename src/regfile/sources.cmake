# SPDX-License-Identifier: BSD-3-Clause
set(regfile_sources regfile/table.c regfile/regfile.c regfile/features.c regfile/state.c regfile/status.c
  regfile/reset.c regfile/queue.c regfile/config.c regfile/read.c regfile/write.c)
