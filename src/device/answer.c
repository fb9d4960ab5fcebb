/* SPDX-License-Identifier: BSD-3-Clause */
/* vmmio_device_answer: tokens of hooks that were pending, wrong and late ones included. */
#include <errno.h>

#include "device/internal.h"

enum answer { ANSWER_WRONG, ANSWER_LATE, ANSWER_TAKEN };

static enum answer match(vmmio_token token, struct hook *hook)
{
	enum answer answer = token == hook->token ? ANSWER_TAKEN : ANSWER_LATE;
	vmmio_token *const places[] = {&hook->token, &hook->running, &hook->voided};
	bool found = false;

	for (unsigned i = 0; i < 3; i++)
		if (*places[i] == token) {
			*places[i] = 0;
			found = true;
		}
	return found ? answer : ANSWER_WRONG;
}

/* lock held. Which hook's answer is this? */
static enum answer take_answer(struct vmmio_device *dev, vmmio_token token, int result, bool *line)
{
	static const enum step_kind kinds[] = {STEP_QUIESCE, STEP_START, STEP_PAUSE};
	enum answer answer = ANSWER_WRONG;
	struct step step = {STEP_NONE, NULL};

	for (unsigned i = 0; i < 3 && token && answer == ANSWER_WRONG; i++) {
		step.kind = kinds[i];
		answer = match(token, vmmio_step_hook(dev, step));
	}
	for (uint32_t i = 0; i < dev->n_queues && token && answer == ANSWER_WRONG; i++) {
		step = (struct step){STEP_QUEUE_STOP, &dev->queues[i]};
		answer = match(token, &step.queue->stop);
	}
	if (answer == ANSWER_TAKEN)
		*line = vmmio_step_answered(dev, step, result);
	return answer;
}

void vmmio_device_answer(struct vmmio_device *dev, vmmio_token token, int result)
{
	bool pass, line = false;
	enum answer answer;

	pthread_mutex_lock(&dev->lock);
	/* For the line, if start failed. Under the lock: with the gate closed here, the resume
	 * that opens it comes later and looks at the line. */
	pass = vmmio_gate_enter(&dev->gate);
	dev->users++;
	answer = take_answer(dev, token, result > 0 ? -EINVAL : result, &line);
	pthread_mutex_unlock(&dev->lock);

	if (answer == ANSWER_TAKEN && result)
		vmmio_device_log(dev, VMMIO_LOG_ERROR,
			"the backend answered a pending hook with error %d%s", result,
			result > 0 ? ", which is neither 0 nor -errno and counts as -EINVAL" : "");
	if (answer == ANSWER_WRONG && vmmio_count_log(&dev->counters.wrong_tokens, 1))
		vmmio_device_log(dev, VMMIO_LOG_WARN,
			"vmmio_device_answer: a token that is not out was ignored; answer each hook "
			"that returned VMMIO_PENDING exactly once");
	if (line && pass) {
		struct frame frame;

		vmmio_frame_enter(&frame, dev, FRAME_COMPLETE);
		vmmio_irq_update(dev, true);
		vmmio_frame_leave(&frame);
	}
	if (pass)
		vmmio_device_leave(dev, ELSEWHERE);
	vmmio_lifecycle_enter(dev);
	dev->users--;
	vmmio_lifecycle_leave(dev, ELSEWHERE);
}
