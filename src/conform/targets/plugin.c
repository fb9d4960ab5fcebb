/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `plugin:FILE.so[,ARGS]`: a target that a shared object fills in. The object stays loaded for
 * good: its threads, if it has any, may outlive the target.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conform/targets/args.h"

#ifdef VMMIO_CONFORM_NO_PLUGINS

int target_plugin_open(const char *args, struct vmmio_target *out, struct vmmio_target_error *error)
{
	(void)args, (void)out;
	return target_error(error, -ENOTSUP,
		"plugin: this program is linked statically and cannot load shared objects: use the "
		"ordinary vmmio-conform");
}

#else

#include <dlfcn.h>

#define SYMBOL "vmmio_target_open"

static int find(const char *file, vmmio_target_open_fn **open, struct vmmio_target_error *error)
{
	void *object = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	void *symbol;

	if (!object)
		return target_error(error, -ENOENT,
			"plugin: %s: give the path of a shared object that was built for this machine",
			dlerror());
	symbol = dlsym(object, SYMBOL);
	if (!symbol) {
		dlclose(object);
		return target_error(error, -ENOENT,
			"plugin: %s does not export a function " SYMBOL
			": see vmmio/conform/target.h and examples/plugin.c",
			file);
	}
	/* C has no cast from one to the other. */
	memcpy(open, &symbol, sizeof(*open));
	return 0;
}

int target_plugin_open(const char *args, struct vmmio_target *out, struct vmmio_target_error *error)
{
	vmmio_target_open_fn *open = NULL;
	/* Without a slash dlopen would look in the system's directories. */
	char path[4096] = "./", *file = path + 2;
	const char *rest = args_first(args, file, sizeof(path) - 2);
	int err;

	if (!rest || !*file)
		return target_error(
			error, -EINVAL, "plugin: no file was given: use plugin:FILE.so");
	if (!strchr(file, '/'))
		file = path;
	err = find(file, &open, error);
	if (err)
		return err;
	err = open(rest, out);
	if (err > 0)
		return target_error(error, -EINVAL,
			"plugin: " SYMBOL " of %s returned %d: let it return 0 or a negative errno",
			file, err);
	if (err)
		return target_error(error, err,
			"plugin: " SYMBOL " of %s failed: %s (it may have said more above)", file,
			strerror(-err));
	return 0;
}

#endif
