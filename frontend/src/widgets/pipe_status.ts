import { widget } from "../anywidget";
import { PipeStatus } from "../components/PipeStatus";

export default widget(PipeStatus);
