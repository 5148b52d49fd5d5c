#include "asset.h"

/* The files as they are, each with a mark behind its end. */
#define EMBED(name, file)                                                                                      \
    __asm__(".section .rodata\n.global " #name "\n.global " #name "_end\n" #name ":\n.incbin \"" file "\"\n" #name \
            "_end:\n.byte 0\n.previous\n")

extern const char asset_style[], asset_style_end[], asset_script[], asset_script_end[];

EMBED(asset_style, "console/style.css");
EMBED(asset_script, "console/live.js");

static void send(struct reply *r, const char *type, const char *begin, const char *end)
{
    r->type = type;
    page_raw(&r->page, slice_of(begin, (size_t)(end - begin)));
}

void send_style(struct ask *q, struct reply *r)
{
    (void)q;
    send(r, "text/css; charset=utf-8", asset_style, asset_style_end);
}

void send_script(struct ask *q, struct reply *r)
{
    (void)q;
    send(r, "text/javascript; charset=utf-8", asset_script, asset_script_end);
}
