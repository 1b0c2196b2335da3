import { widget } from "../anywidget";
import { FlowGraph } from "../components/FlowGraph";

export default widget(FlowGraph);
