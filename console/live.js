// Figures of the overview, kept up to date. Everything can be read without this.
'use strict';
if (document.querySelector('[data-live]') && window.EventSource) {
    const source = new EventSource('/live');
    source.onmessage = (event) => {
        for (const [name, text] of Object.entries(JSON.parse(event.data)))
            for (const place of document.querySelectorAll('[data-live="' + name + '"]'))
                place.textContent = text;
    };
}
