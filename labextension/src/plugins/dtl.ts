/** DTL as a language of JupyterLab's editors: looks, file type. */

import { LanguageSupport } from "@codemirror/language";
import { Prec } from "@codemirror/state";
import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IEditorLanguageRegistry } from "@jupyterlab/codemirror";

import { cellLanguage } from "../../../frontend/src/dtl/language";
import { DTL_MIME } from "../dtl/editors";
import { followVocabulary, UNKNOWN } from "../dtl/vocabulary";
import { sesamIcon } from "../icons";
import { ISesamEditors, ISesamNode } from "../tokens";

/** Files that hold pipes and systems. */
const FILES = "(\\.conf|^node-config)\\.json$";

export const dtlPlugin: JupyterFrontEndPlugin<void> = {
  id: "sesam-interactive:dtl",
  description: "DTL in cells and files: colours, folding, indentation.",
  autoStart: true,
  requires: [ISesamNode, ISesamEditors],
  optional: [IEditorLanguageRegistry],
  activate: (app, sesam: ISesamNode, editors: ISesamEditors, languages: IEditorLanguageRegistry | null) => {
    const { t } = sesam;
    let dtl = cellLanguage(UNKNOWN);
    const want = followVocabulary(sesam, (vocabulary) => {
      dtl = cellLanguage(vocabulary);
      editors.refresh();
    });
    editors.extend(() => {
      // The first editor with DTL: most starts of JupyterLab have none.
      want();
      // Before the language of the notebook, which the cell has too.
      return Prec.highest(dtl.extension);
    });
    languages?.addLanguage({
      name: "dtl",
      displayName: t("DTL (Sesam)"),
      mime: DTL_MIME,
      filename: new RegExp(FILES),
      load: () => Promise.resolve(new LanguageSupport(dtl.language)),
    });
    app.docRegistry.addFileType(
      {
        name: "sesam-configuration",
        displayName: t("Sesam configuration"),
        pattern: FILES,
        mimeTypes: [DTL_MIME],
        contentType: "file",
        fileFormat: "text",
        icon: sesamIcon,
      },
      ["Editor"],
    );
  },
};
