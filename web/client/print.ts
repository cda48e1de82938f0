/** The print button of the cards' page. */
document.querySelector('[data-print]')?.addEventListener('click', () => print())
