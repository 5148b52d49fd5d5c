#include "emit.h"

enum cs_status vdl_emit(const struct vdl_program *p, const char *path, const struct vdl_emit_options *o, char why[256])
{
    (void)p, (void)path, (void)o;
    snprintf(why, 256, "the emitter is not there yet");
    return CS_UNSUPPORTED;
}

enum cs_status vdl_emit_check(const struct vdl_rule *r, char why[256])
{
    (void)r;
    why[0] = '\0';
    return CS_OK;
}

size_t vdl_emit_windows(const struct vdl_rule *r, struct arena *a, struct vdl_window *out, size_t room)
{
    (void)r, (void)a, (void)out, (void)room;
    return 0;
}

void vdl_emit_explain(const struct vdl_rule *r, FILE *out)
{
    fprintf(out, "%.*s\n", (int)r->name.n, (const char *)r->name.p);
}

bool vdl_print_rule(const struct vdl_rule *r, FILE *out)
{
    (void)r;
    return !ferror(out);
}
