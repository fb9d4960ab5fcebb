# SPDX-License-Identifier: BSD-3-Clause
# vmmio-conform, the tool: the command line, and the target that is libvmmio itself.
set(tools_sources tools/commands.c tools/targets.c)
# The command line; a test has it with commands and targets of its own.
set(command_sources tools/main.c tools/tool.c tools/list.c tools/run.c tools/isolate.c tools/plan.c
  tools/worker.c tools/watch.c tools/record.c tools/progress.c)
list(APPEND tools_sources ${command_sources})
# libvmmio as a target; tests of the tool's parts use it too.
set(inproc_sources tools/inproc.c tools/inproc_device.c tools/inproc_hold.c tools/inproc_wrap.c)
list(APPEND tools_sources ${inproc_sources})
list(APPEND tools_sources tools/mutant.c tools/mutants.c)
list(APPEND tools_sources tools/monitor.c tools/traces.c)
# Drivers under test.
list(APPEND tools_sources tools/puppet.c tools/plays.c tools/plays_merge.c tools/good.c
  tools/good_io.c)
