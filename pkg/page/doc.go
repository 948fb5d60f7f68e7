// Package page makes reports that are one HTML file and need nothing else: no script, no
// font, no network. It has what they share: the head with the style sheet and a policy that
// forbids any request, words for numbers and money, and charts. A report brings its
// page.html, and a page.css for what only it has.
package page
