#include "ast.h"

#include <stdlib.h>

enum cs_status vdl_program_init_sized(struct vdl_program *p, size_t room)
{
    *p = (struct vdl_program){ .version = slice_of(NULL, 0) };
    return arena_init(&p->arena, room);
}

enum cs_status vdl_program_init(struct vdl_program *p)
{
    /* Pages that are never touched cost nothing: room for the largest public sets. */
    *p = (struct vdl_program){ .version = slice_of(NULL, 0) };
    return arena_init_most(&p->arena, (uint64_t)64 << 30);
}

void vdl_program_release(struct vdl_program *p)
{
    free(p->rules);
    free(p->samples);
    arena_release(&p->arena);
    *p = (struct vdl_program){ .version = slice_of(NULL, 0) };
}

struct vdl_rule *vdl_program_add(struct vdl_program *p)
{
    if (p->n_rules == p->room) {
        size_t room = p->room ? p->room * 2 : 256;
        struct vdl_rule *grown = reallocarray(p->rules, room, sizeof *grown);

        if (!grown)
            return NULL;
        p->rules = grown;
        p->room = room;
    }
    p->rules[p->n_rules] = (struct vdl_rule){ 0 };
    return &p->rules[p->n_rules++];
}

struct vdl_node *vdl_node_new(struct vdl_program *p, enum vdl_kind kind)
{
    struct vdl_node *n = arena_get(&p->arena, 1, sizeof *n);

    if (n)
        n->kind = kind;
    return n;
}
