import { widget } from "../anywidget";
import { DtlEditor } from "../components/DtlEditor";

export default widget(DtlEditor);
