/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `plugin:FILE.so[,ARGS]`: a target that a shared object fills in, and what else comes out of
 * shared objects. The object stays loaded for good: its threads, if it has any, may outlive
 * the target.
 */
#include "conform/targets/plugin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conform/targets/args.h"

#ifdef VMMIO_CONFORM_NO_PLUGINS

int plugin_load(struct plugin *plugin, const struct plugin_kind *kind, const char *args,
	struct vmmio_target_error *error)
{
	(void)plugin, (void)kind, (void)args;
	return target_error(error, -ENOTSUP,
		"plugin: this program is linked statically and cannot load shared objects: use the "
		"ordinary vmmio-conform");
}

#else

#include <dlfcn.h>

static int find(struct plugin *plugin, struct vmmio_target_error *error)
{
	void *object = dlopen(plugin->file, RTLD_NOW | RTLD_LOCAL);

	if (!object)
		return target_error(error, -ENOENT,
			"plugin: %s: give the path of a shared object that was built for this machine",
			dlerror());
	plugin->symbol = dlsym(object, plugin->kind->symbol);
	if (plugin->symbol)
		return 0;
	dlclose(object);
	return target_error(error, -ENOENT, "plugin: %s does not export a function %s: see %s",
		plugin->file, plugin->kind->symbol, plugin->kind->see);
}

int plugin_load(struct plugin *plugin, const struct plugin_kind *kind, const char *args,
	struct vmmio_target_error *error)
{
	/* Without a slash dlopen would look in the system's directories. */
	char *file = strcpy(plugin->path, "./") + 2;

	plugin->kind = kind;
	plugin->args = args_first(args, file, sizeof(plugin->path) - 2);
	if (!plugin->args || !*file)
		return target_error(
			error, -EINVAL, "plugin: no file was given: use plugin:FILE.so");
	plugin->file = strchr(file, '/') ? file : plugin->path;
	return find(plugin, error);
}

#endif

int plugin_result(const struct plugin *plugin, int err, struct vmmio_target_error *error)
{
	if (err > 0)
		return target_error(error, -EINVAL,
			"plugin: %s of %s returned %d: let it return 0 or a negative errno",
			plugin->kind->symbol, plugin->file, err);
	if (err)
		return target_error(error, err,
			"plugin: %s of %s failed: %s (it may have said more above)",
			plugin->kind->symbol, plugin->file, strerror(-err));
	return 0;
}

int target_plugin_open(const char *args, struct vmmio_target *out, struct vmmio_target_error *error)
{
	static const struct plugin_kind kind = {
		"vmmio_target_open", "vmmio/conform/target.h and examples/plugin.c"};
	vmmio_target_open_fn *open;
	struct plugin plugin = {.path = ""};
	int err = plugin_load(&plugin, &kind, args, error);

	if (err)
		return err;
	memcpy(&open, &plugin.symbol, sizeof(open));
	return plugin_result(&plugin, open(plugin.args, out), error);
}
