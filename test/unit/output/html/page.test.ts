import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { html } from '../../../../src/output/html/html.ts';
import { renderPage } from '../../../../src/output/html/page.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64');

describe('html`…`', () => {
  it('escapes data in elements and attributes', () => {
    const name = `"><script>alert('1')</script>&\``;
    expect(html`<p title="${name}">${name}</p>`.text).toBe(
      '<p title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&#96;">' +
        '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&#96;</p>',
    );
  });

  it('shows characters that would hide or reorder text', () => {
    expect(html`${'a\u202eb\u0000c\u001b[31m'}`.text).toBe('a\\u202eb\\x00c\\x1b[31m');
  });

  it('keeps the output of templates, joins lists and skips undefined values', () => {
    const items = ['a<', 'b'].map((text) => html`<li>${text}</li>`);
    expect(html`<ul>${items}${undefined}</ul>${7}`.text).toBe('<ul><li>a&lt;</li><li>b</li></ul>7');
  });
});

describe('a page', () => {
  const page = [
    ...renderPage({
      title: '<title>',
      body: html`<p>${'</body>'}</p>`,
      script: 'document.title',
      data: { data: Buffer.from('</script><b>') },
    }),
  ].join('');

  it('allows only its own style and script', () => {
    const style = page.match(/<style>([\s\S]*?)<\/style>/)?.[1] ?? '';
    expect(style).toContain('--page:');
    const policy = page.match(/Content-Security-Policy" content="([^"]*)"/)?.[1];
    expect(policy?.split('; ')).toEqual([
      "default-src 'none'",
      `style-src 'sha256-${sha256(style)}'`,
      `script-src 'sha256-${sha256('document.title')}'`,
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
  });

  it('never treats data as markup', () => {
    expect(page).toContain('<title>&lt;title&gt;</title>');
    expect(page).toContain('<p>&lt;/body&gt;</p>');
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).not.toContain('<b>');
  });
});
