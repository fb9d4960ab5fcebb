/* SPDX-License-Identifier: BSD-3-Clause */
/* vmmio_device_answer: tokens of hooks that were pending, wrong and late ones included. */
#include <errno.h>

#include "device/internal.h"

enum answer { ANSWER_WRONG, ANSWER_LATE, ANSWER_TAKEN };

static enum answer match(vmmio_token token, vmmio_token *open, vmmio_token *voided)
{
	vmmio_token *which = token == *open ? open : token == *voided ? voided : NULL;

	if (!which)
		return ANSWER_WRONG;
	*which = 0;
	return which == open ? ANSWER_TAKEN : ANSWER_LATE;
}

/* lock held */
static enum answer take_queue_answer(struct vmmio_device *dev, vmmio_token token)
{
	for (uint32_t i = 0; i < dev->n_queues; i++) {
		struct vmmio_queue *queue = &dev->queues[i];
		enum answer answer = match(token, &queue->stop_token, &queue->stop_voided);

		if (answer == ANSWER_TAKEN)
			queue->stop_hook = HOOK_DONE;
		if (answer != ANSWER_WRONG)
			return answer;
	}
	return ANSWER_WRONG;
}

/* lock held */
static enum answer take_answer(struct vmmio_device *dev, vmmio_token token, int result, bool *line)
{
	vmmio_token none = 0;
	enum answer answer;

	if (!token)
		return ANSWER_WRONG;
	answer = match(token, &dev->quiesce_token, &none);
	if (answer == ANSWER_TAKEN) {
		vmmio_step_quiesce_answered(dev, result);
		return answer;
	}
	answer = match(token, &dev->start_token, &dev->start_voided);
	if (answer == ANSWER_TAKEN)
		*line = vmmio_step_start_answered(dev, result);
	return answer != ANSWER_WRONG ? answer : take_queue_answer(dev, token);
}

void vmmio_device_answer(struct vmmio_device *dev, vmmio_token token, int result)
{
	bool pass = vmmio_gate_enter(&dev->gate); /* for the line, if start failed */
	bool line = false;
	enum answer answer;

	pthread_mutex_lock(&dev->lock);
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
