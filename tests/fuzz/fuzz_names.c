/* A name, a line break, bytes: what type they are, whether the name is blocked, what the bytes say about passwords. */
#include <stdlib.h>

#include "convscan/conf.h"
#include "convscan/ftype.h"
#include "convscan/names.h"
#include "convscan/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct words w;
    struct slice all = slice_of(data, size), name = slice_take(all, slice_chr(all, '\n')), bytes = slice_drop(all, name.n + 1);
    struct ftype t = ftype_of(bytes, name);
    struct conf conf;
    char ext[32];

    if (conf_defaults(&conf) != CS_OK)
        return 0;
    if (t.n > VDL_TYPES_MAX || (bytes.n == 0 && t.n))
        abort();
    if (name_is_blocked(&conf, name, &t, ext) && (ext[0] == '\0' || strlen(ext) >= sizeof ext))
        abort();
    (void)name_hides_program(&t, name);
    w = (struct words){ .n = 0 };
    words_from_text(&w, bytes);
    if (w.n > WORDS_MAX || w.text_n > WORDS_TEXT)
        abort();
    for (size_t i = 0; i < w.n; i++)
        if (w.words[i].p < w.text || w.words[i].p + w.words[i].n > w.text + WORDS_TEXT)
            abort();
    conf_release(&conf);
    return 0;
}
