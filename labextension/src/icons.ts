import { LabIcon } from "@jupyterlab/ui-components";

/** Three things that flow together into one. */
const svgstr = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <circle cx="5" cy="4.5" r="2.8"/><circle cx="5" cy="12" r="2.8"/><circle cx="5" cy="19.5" r="2.8"/><circle cx="19" cy="12" r="3.6"/>
    <path d="M5.6 3.5 19.6 11 18.4 13 4.4 5.5zM5 11H19V13H5zM4.4 18.5 18.4 11 19.6 13 5.6 20.5z"/>
  </g>
</svg>`;

export const sesamIcon = new LabIcon({ name: "sesam-interactive:flow", svgstr });
