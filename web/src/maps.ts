import "./share.css"; export {};
