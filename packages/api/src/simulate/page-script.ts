/**
 * The script of the page: sends a form as JSON and shows what comes back. The answer is HTML that the server made and
 * escaped; the page's content security policy lets nothing in it run.
 */
export const PAGE_SCRIPT = `'use strict';
const valueOf = (field) => {
  if (field.type === 'checkbox') return field.checked;
  if (field.type === 'number') return field.value === '' ? undefined : Number(field.value);
  if (field.dataset.json !== undefined) return field.value.trim() === '' ? undefined : JSON.parse(field.value);
  return field.value === '' ? undefined : field.value;
};
const bodyOf = (form) => {
  const body = {};
  for (const field of form.querySelectorAll('[name]')) {
    if (field.dataset.list !== undefined) {
      body[field.name] ??= [];
      if (field.checked) body[field.name].push(field.value);
      continue;
    }
    const value = valueOf(field);
    if (value !== undefined) body[field.name] = value;
  }
  if (form.dataset.wrap === undefined) return body;
  const { 'client-curve': curve, ...config } = body;
  return { config, 'client-curve': curve ?? {} };
};
for (const form of document.querySelectorAll('form')) {
  const output = form.parentElement.querySelector('output');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    output.className = 'quiet';
    output.textContent = 'running...';
    try {
      const response = await fetch(form.dataset.to, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(bodyOf(form)),
      });
      if (response.ok) {
        output.className = '';
        output.innerHTML = await response.text();
      } else {
        const answer = await response.json();
        output.className = 'error';
        output.textContent = answer['waiter-error'].message;
      }
    } catch (error) {
      output.className = 'error';
      output.textContent = String(error.message ?? error);
    } finally {
      button.disabled = false;
    }
  });
}
`;
