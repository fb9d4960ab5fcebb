# SPDX-License-Identifier: BSD-3-Clause
# The suite, in parts.

# The engine.
set(conform_sources conform/access.c conform/bringup.c conform/checks.c conform/judge.c
  conform/memory.c conform/names.c conform/ring.c conform/ring_packed.c conform/ring_split.c
  conform/run.c conform/traffic.c)

# Checks, by topic.
list(APPEND conform_sources conform/checks/accept.c conform/checks/block.c
  conform/checks/block_config.c conform/checks/block_data.c conform/checks/block_requests.c
  conform/checks/config.c conform/checks/entropy.c conform/checks/features.c
  conform/checks/identity.c conform/checks/interrupt.c conform/checks/live.c
  conform/checks/packed_avail.c conform/checks/packed_chains.c conform/checks/packed_notify.c
  conform/checks/packed_used.c conform/checks/queue_chains.c conform/checks/queue_errors.c
  conform/checks/queue_moment.c conform/checks/queue_notify.c conform/checks/queue_order.c
  conform/checks/queue_registers.c conform/checks/queue_reset.c conform/checks/queue_work.c
  conform/checks/queues.c conform/checks/reset.c conform/checks/reset_versions.c
  conform/checks/split_chains.c conform/checks/split_index.c conform/checks/split_notify.c
  conform/checks/split_used.c conform/checks/status.c conform/checks/suspend.c)

# The catalogue.
list(APPEND conform_sources conform/catalogue/catalogue.c)

# Reports.
list(APPEND conform_sources conform/report/html.c conform/report/json.c conform/report/junit.c
  conform/report/out.c conform/report/report.c conform/report/summary.c conform/report/tap.c
  conform/report/text.c conform/report/view.c)

# The style and the script of the HTML report, as C strings.
foreach(part css js)
  set(page ${CMAKE_CURRENT_LIST_DIR}/report/page.${part})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page})
  file(READ ${page} page_${part})
  string(REPLACE "\\" "\\\\" page_${part} "${page_${part}}")
  string(REPLACE "\"" "\\\"" page_${part} "${page_${part}}")
  string(REPLACE "\n" "\\n\"\n\t\"" page_${part} "${page_${part}}")
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/report/page.c.in
  ${CMAKE_CURRENT_BINARY_DIR}/conform/report/page.c @ONLY)
list(APPEND conform_sources ${CMAKE_CURRENT_BINARY_DIR}/conform/report/page.c)

# Targets.
list(APPEND conform_sources conform/targets/args.c conform/targets/mem.c conform/targets/mem_ram.c
  conform/targets/open.c conform/targets/plugin.c conform/targets/qtest.c
  conform/targets/qtest_access.c conform/targets/qtest_disk.c conform/targets/qtest_hooks.c
  conform/targets/qtest_lines.c conform/targets/qtest_machine.c conform/targets/qtest_nbd.c
  conform/targets/qtest_qmp.c)

# The model device: mutants, and the puppet.
list(APPEND conform_sources conform/model/block.c conform/model/block_config.c
  conform/model/chain.c conform/model/clock.c conform/model/config.c conform/model/disk.c
  conform/model/faults.c conform/model/features.c conform/model/hooks.c conform/model/jobs.c
  conform/model/late.c conform/model/model.c conform/model/packed.c conform/model/puppet.c
  conform/model/queue.c conform/model/registers.c conform/model/reset.c conform/model/simple.c
  conform/model/split.c conform/model/status.c conform/model/target.c)

# The monitor.
list(APPEND conform_sources conform/monitor/chain.c conform/monitor/exposed.c
  conform/monitor/look.c conform/monitor/look_packed.c conform/monitor/look_split.c
  conform/monitor/monitor.c conform/monitor/queue.c conform/monitor/registers.c
  conform/monitor/rules.c conform/monitor/rules_access.c conform/monitor/rules_block.c
  conform/monitor/rules_config.c conform/monitor/rules_features.c
  conform/monitor/rules_interrupt.c conform/monitor/rules_memory.c conform/monitor/rules_notify.c
  conform/monitor/rules_packed.c conform/monitor/rules_probe.c conform/monitor/rules_queue.c
  conform/monitor/rules_reset.c conform/monitor/rules_split.c conform/monitor/rules_status.c
  conform/monitor/rules_suspend.c conform/monitor/state.c conform/monitor/types.c
  conform/monitor/verdict.c conform/monitor/work.c)

# Judging drivers with the puppet.
list(APPEND conform_sources conform/puppet/findings.c conform/puppet/play.c
  conform/puppet/scenarios.c conform/puppet/scenarios_features.c conform/puppet/scenarios_run.c
  conform/puppet/scenarios_start.c conform/puppet/stage.c conform/puppet/subject.c)
