/*
 * asset.h - the style sheet and the script, which are in the program.
 */
#ifndef CONSOLE_ASSET_H
#define CONSOLE_ASSET_H

#include "app.h"

handler_fn send_style, send_script;

#endif
