import { widget } from "../anywidget";
import { TraceView } from "../components/TraceView";

export default widget(TraceView);
