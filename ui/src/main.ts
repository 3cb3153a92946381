import "./styles/base.css";
import "./styles/layout.css";
import "./styles/controls.css";
import "./styles/chat.css";
import "./styles/welcome.css";
import "./styles/prose.css";
import "./elements/assistant_app.js";
