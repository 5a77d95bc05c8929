import type * as Preset from '@docusaurus/preset-classic';
import type { Config } from '@docusaurus/types';
import { themes } from 'prism-react-renderer';

// In the shape of OSAPI's own site, so that pages can move there unchanged.
const config: Config = {
  title: 'osapi-profile',
  tagline: 'Watches a Linux service work and confines it to what it needs',
  url: 'https://osapi-io.github.io/',
  baseUrl: '/osapi-profile/',
  trailingSlash: false,
  organizationName: 'osapi-io',
  projectName: 'osapi-profile',

  // .md is CommonMark, in which < and { need no care; .mdx is MDX.
  markdown: { format: 'detect' },

  onBrokenLinks: 'throw',
  onBrokenAnchors: 'throw',
  onBrokenMarkdownLinks: 'throw',
  onDuplicateRoutes: 'throw',

  presets: [
    [
      'classic',
      {
        docs: { routeBasePath: '/', sidebarPath: './sidebars.ts' },
        blog: false,
        pages: false,
        theme: { customCss: './src/css/custom.css' }
      } satisfies Preset.Options
    ]
  ],

  themeConfig: {
    docs: { sidebar: { hideable: true } },
    navbar: {
      title: 'osapi-profile',
      items: [
        {
          type: 'doc',
          label: 'Worker Hardening',
          docId: 'sidebar/deployment/worker-hardening'
        },
        { type: 'doc', label: 'Commands', docId: 'sidebar/cli' },
        {
          href: 'https://github.com/osapi-io/osapi-profile',
          label: 'GitHub',
          position: 'right'
        }
      ]
    },
    colorMode: { respectPrefersColorScheme: true },
    prism: {
      theme: themes.github,
      darkTheme: themes.palenight,
      additionalLanguages: ['bash', 'ini', 'json']
    }
  } satisfies Preset.ThemeConfig
};

export default config;
